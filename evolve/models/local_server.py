"""The process that serves a local model: `python -m heuresis.evolve.models.local_server FILE.gguf THREADS`.

Says where it listens, and ends when standard input does: when whoever started it closes the pipe or dies.
"""

import os
import sys

CONTEXT = 8_192
"""Tokens of prompt and reply together."""


KEY_VARIABLE = "HEURESIS_LOCAL_KEY"
"""Environment variable with the key that clients must show."""


def main(arguments: list[str]) -> int:
    """Serve until standard input ends; 1 where the model cannot be loaded."""
    path, threads = arguments[0], int(arguments[1])
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    if hasattr(parameters, "hostnames"):
        parameters.hostnames = ["127.0.0.1"]
    else:  # before 2026
        parameters.hostname = "127.0.0.1"
    parameters.port = 0
    parameters.api_keys = [os.environ[KEY_VARIABLE]]
    parameters.n_parallel = 1
    parameters.n_ctx = CONTEXT
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.verbosity = 1  # errors only
    try:
        server = xllamacpp.Server(parameters)
    except (RuntimeError, ValueError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"listening at {server.listening_address}\n")
    sys.stdout.flush()
    while os.read(0, 4_096):
        pass
    os._exit(0)  # the server's threads have nothing to finish


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
