"""Attempt trees: what a tree of one's own costs an attempt, against the usual ways to make one."""
import json
import os
import shutil
import subprocess
import time

from stage_bench import moment
from support import BINARY, clean_environment, git, repository, row

ATTEMPTS = 10
FILES = 50_000


def pipeline(stages):
    lines = ["version: 1", "name: trees", "on: {branches: [main]}", "stages:"]
    for number in range(stages):
        needs = f"    needs: [s{number - 1}]\n" if number else ""
        lines.append(f"  s{number}:\n{needs}    test: {{run: 'true'}}")
    return "\n".join(lines) + "\n"


def one_run(source, data):
    done = subprocess.run([str(BINARY), "run", "--json", "--data", str(data), str(source)], check=True, capture_output=True,
                          env=clean_environment())
    stages = json.loads(done.stdout.decode().strip().splitlines()[-1])["stages"]
    # The first one waits for the run's checkout, which is made once.
    began = moment(stages[1]["attempts"][-1]["started_at"])
    return (moment(stages[-1]["attempts"][-1]["finished_at"]) - began) / (len(stages) - 1)


def timed(*command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=clean_environment())
    return time.perf_counter() - begin


def attempt_tree(work, options):
    """A stage of `true` in a checkout of 50,000 files of 1 kB, tree included, against `git worktree add` and `cp -a` of the same."""
    source = repository(work / "trees", pipeline(ATTEMPTS))
    for number in range(FILES):
        folder = source / f"d{number // 500}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}").write_text("x" * 1000)
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "files")
    ours, worktrees, copies = [], [], []
    for number in range(options.repeat):
        ours.append(one_run(source, work / f"trees-data-{number}"))
        worktrees.append(timed("git", "-C", str(source), "worktree", "add", "-q", "--detach", str(work / f"tree-{number}")))
        copies.append(timed("cp", "-a", str(work / f"tree-{number}"), str(work / f"copy-{number}")))
        for folder in (f"trees-data-{number}", f"tree-{number}", f"copy-{number}"):
            shutil.rmtree(work / folder)
        git(source, "worktree", "prune")
    how = "overlayfs" if os.geteuid() == 0 else "copied, since this user may not mount"
    return [row("attempt-tree", ours, "s", 0.1, worktrees, ratio_decides=True, note=f"{FILES:,} files, {how}; against git worktree add"),
            row("attempt-tree-copy", ours, "s", 0.1, copies, ratio_decides=True, note="the same, against cp -a")]
