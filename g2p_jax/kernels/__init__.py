"""How the network is computed fast: the `reference` in a file is what it computes, plainly.

A reader of `network/` needs to know no more than that; tests compare the two, also the derivatives.
"""
