"""Searches for the most probable output of a step function; they know no model.

`step(state, token_R) -> (state, logits_RxV)` reads one token and gives the logits of the next;
`state` is any tree of arrays with a row for each hypothesis on the first axis. Every search ends:
each word has a limit of phonemes. What is returned is complete: its probability is that of these
phonemes and then EOS.
"""
