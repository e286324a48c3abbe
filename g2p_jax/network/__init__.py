"""The networks: cells, recurrence, attention, encoder, decoders, the networks of them.

    letters -> embedding -> encoder layers, both directions -> memory
    phonemes so far, memory -> one of the decoders -> next phoneme

Modules own weights and decide what is connected to what; the mathematics is in pure functions. How
it is computed fast is behind plain functions of `kernels`.

Sequences are time first, encoded words are words first. Masks: True is a real token. Letters of
array shapes, here and in the whole library:

    B words of a batch         S letters           I inputs of a layer      M members of an ensemble
    R rows, hypotheses: one    T phonemes, time    H hidden units           N pronunciations
      or several of a word     V symbols           A units of attention     W words of a request
    K rows of each word        Q queries           E width of the memory
"""
