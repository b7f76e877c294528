"""Reading an .env file, whose values are kept as secrets: any of them can be one."""

import os
from pathlib import Path

from ferryman._core.secret import Secret
from ferryman.errors import ConfigurationError


def read_env_file(path: str | os.PathLike[str]) -> dict[str, Secret]:
    """Return what the file at *path* sets; raise ConfigurationError when it cannot be read."""
    if not Path(path).is_file():
        raise ConfigurationError(f"the env file {os.fspath(path)} does not exist")
    try:
        from dotenv import dotenv_values
    except ModuleNotFoundError:
        raise ConfigurationError(
            'an env file needs python-dotenv: pip install "ferryman[dotenv]"'
        ) from None
    try:
        read = dotenv_values(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"the env file {os.fspath(path)} cannot be read: {type(error).__name__}"
        ) from None
    return {name: Secret(value) for name, value in read.items() if value is not None}
