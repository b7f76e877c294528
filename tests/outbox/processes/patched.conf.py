"""gunicorn's configuration for gevent workers: what is preloaded must be patched before."""

from gevent import monkey

monkey.patch_all()
