"""What a tree of its own costs an attempt, with a commit of 50,000 files: against `cp -a` and `git worktree add`."""
import datetime
import json
import shutil
import subprocess
import time

from support import BINARY, clean_environment, git, row

FILES = 50_000
STAGES = 20


def source_of(work):
    """A repository with 50,000 files in 500 folders; two branches, of one stage and of many."""
    folder = work / "many-files"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "one")
    for each in range(FILES // 100):
        (folder / f"d{each}").mkdir()
        for file in range(100):
            (folder / f"d{each}" / f"f{file}").write_text(f"{each} {file}\n")
    for branch, stages in (("one", 1), ("many", STAGES + 1)):
        lines = ["version: 1", "name: trees", "stages:"]
        for number in range(stages):
            needs = f"needs: [s{number - 1}], " if number else ""
            lines.append(f"  s{number}: {{{needs}test: {{run: 'true'}}}}")
        (folder / ".quietgate.yaml").write_text("\n".join(lines) + "\n")
        if branch != "one":
            git(folder, "checkout", "-q", "-b", branch)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", branch)
    return folder


def run(source, branch, data):
    git(source, "checkout", "-q", branch)
    done = subprocess.run([str(BINARY), "run", "--json", "--data", str(data), str(source)], check=True, capture_output=True,
                          env=clean_environment())
    document = json.loads(done.stdout.decode().strip().splitlines()[-1])
    stages = document["stages"]
    assert document["outcome"] == "passed", document
    return stages


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def timed(*command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


def attempt_tree(work, options):
    source = source_of(work)
    ours, theirs = [], []
    for number in range(options.repeat):
        stages = run(source, "many", work / f"trees-data-{number}")
        # The first one waits for the checkout.
        ours.append((seconds(stages[-1]["finished_at"]) - seconds(stages[0]["finished_at"])) * 1000 / STAGES)
        copied = timed("cp", "-a", str(source), str(work / "copy"))
        added = timed("git", "-C", str(source), "worktree", "add", "-q", "--detach", str(work / "worktree"))
        git(source, "worktree", "remove", "--force", str(work / "worktree"))
        shutil.rmtree(work / "copy")
        theirs.append(min(copied, added))
    shutil.rmtree(source)
    return [row("attempt-tree", ours, "ms", 0.05, theirs, ratio_decides=True,
                note=f"a whole stage of `true` with {FILES:,} files; the faster of `cp -a` and `git worktree add`")]
