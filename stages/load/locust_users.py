"""Who is at work, and by whose settings: the third part of quietgate_listener.py."""
import os
import re
import sys

import gevent
from gevent import GreenletExit
from locust.user.users import User

# Of Locust's own settings, those that a stage's `environment` may have: they choose among tasks, or only talk.
OBEYED = {"LOCUST_TAGS", "LOCUST_EXCLUDE_TAGS", "LOCUST_LOGLEVEL", "LOCUST_SKIP_LOG_SETUP"}


class Gone:
    """Users that ended in mid-load. Locust goes on with the others, and says nothing but a traceback."""

    def __init__(self):
        self.raised = 0
        self.left = 0  # by StopUser
        self.error = ""  # of the first that raised

    def add(self, raised, left, error):
        self.raised += raised
        self.left += left
        self.error = self.error or error

    def row(self):
        return {"raised": self.raised, "left": self.left, "error": self.error}


def tell_of_users(recorder):
    run, stop = User.run, User.stop

    def told_run(user):
        try:
            run(user)
        except (GreenletExit, KeyboardInterrupt):  # the end of the load may hit whoever is at work
            raise
        except BaseException as error:  # gevent.Timeout is no Exception
            recorder.user_is_gone(user, error)
            raise
        recorder.user_is_gone(user, None)

    def told_stop(user, *arguments, **more):
        # A user that stops itself was not asked to.
        if gevent.getcurrent() is not user.greenlet:
            user.quietgate_asked = True
        return stop(user, *arguments, **more)

    User.run = told_run
    User.stop = told_stop


def settings_in(path):
    """The names that a configuration file sets; None: it is no such file."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8", errors="replace") as file:
            text = file.read(1 << 20)
    except OSError:
        return None
    if path.endswith(".toml"):
        found = re.search(r"^\s*\[tool\.locust\]\s*$(.*?)(?=^\s*\[|\Z)", text, re.M | re.S)
        if not found:
            return None
        text = found[1]
    return re.findall(r"^[ \t]*(?:--)?([A-Za-z][\w-]*)", text, re.M)


def obey_the_pipeline_alone(parser, tell):
    """What is not in the pipeline must not make another load of it. Options that a locustfile adds later are its own."""
    beside = os.path.join(os.path.dirname(sys.argv[sys.argv.index("-f") + 1].split(",")[1]), "locust.conf")
    for path in dict.fromkeys([*parser._default_config_files, os.path.relpath(beside)]):
        names = settings_in(path)
        if names is not None and tell:
            told = ", ".join(names[:10] + ["..."] * (len(names) > 10)) or "it is empty"
            print(f"quietgate: {path} is not obeyed ({told}): the pipeline says what the load is", file=sys.stderr)
    parser._default_config_files = []
    for action in parser._actions:
        variable = getattr(action, "env_var", None)
        if not variable or variable in OBEYED:
            continue
        action.env_var = None
        if variable in os.environ and tell:
            print(f"quietgate: {variable} is not obeyed: the pipeline says what the load is", file=sys.stderr)


