"""Pronounces words: python predict.py hello world; the same as `g2p-jax predict`."""

if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the imports without a traceback
    from g2p_jax.commands import main

    main("predict")
