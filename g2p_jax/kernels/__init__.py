"""How the network is computed fast: for each file here, `reference` is all that it means.

A reader of `network/` needs to know no more than that; tests compare the two, also the derivatives.
"""
