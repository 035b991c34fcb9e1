"""Commits that try to stop a service: each is a pipeline, and what a step of it makes. Small to write, large to read.

`scale` makes what is large by its number smaller, for tests that look at how a run ends and not at what it costs.
"""
import textwrap


def pipeline(run, more="", name="bomb"):
    body = textwrap.indent(run.strip("\n"), "        ")
    return f"version: 1\nname: {name}\nstages:\n  bomb:\n    test:\n      run: |\n{body}\n{more}"


def nested_format(scale):
    """763 bytes that ask for gigabytes."""
    text = "'x'"
    for _ in range(6):
        text = "format('" + "{0}" * 38 + "', " + text + ")"
    return f"version: 1\nstages:\n  bomb: {{test: {{run: \"echo ${{{{ {text} }}}}\"}}}}\n", ""


def many_variables(scale):
    """45,000 variables, each in 500 stages."""
    variables = "\n".join(f"  v{number}: x" for number in range(int(45_000 * scale)))
    axis = ", ".join(str(number) for number in range(100))
    return (f"version: 1\nenvironment:\n{variables}\nstages:\n  bomb:\n    matrix: {{a: [{axis}], b: [1, 2, 3, 4, 5]}}\n"
            "    test: {run: 'true'}\n"), ""


def one_line(scale):
    """One line of 49,500 values."""
    values = ", ".join("a" for _ in range(int(49_500 * scale)))
    return f"version: 1\nstages:\n  bomb: {{test: {{run: [{values}, 1: 2]}}}}\n", ""


def many_axes(scale):
    axes = "\n".join(f"      a{number}: [x]" for number in range(int(20_000 * scale)))
    return f"version: 1\nstages:\n  bomb:\n    matrix:\n{axes}\n    test: {{run: 'true'}}\n", ""


def empty_merges(scale):
    merges = ",\n      ".join(", ".join("*e" for _ in range(100)) for _ in range(int(120 * scale)))
    return (f"version: 1\nstages:\n  bomb:\n    environment: &e {{}}\n    test: {{run: 'true'}}\n"
            f"  second:\n    <<: [{merges}]\n    test: {{run: 'true'}}\n"), ""


def large_row(scale):
    """149 KiB that become a row of hundreds of megabytes: long texts in each of 1,000 stages."""
    axis = ", ".join(str(number) for number in range(100))
    axes = f"{{a: [{axis}], b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}"
    variables = ", ".join(f"V{number}: \"{'x' * int(9_300 * scale)}\"" for number in range(16))
    return (f"version: 1\nenvironment: {{{variables}}}\nstages:\n  bomb:\n    matrix: {axes}\n"
            "    test: {run: 'true'}\n"), ""


def many_files(scale):
    """Files against a glob of stars; and all of them to be removed."""
    stars = "*a" * 400 + "*"
    run = (f"python3 - <<'END'\nimport os\nfor folder in range(300):\n  os.mkdir(f'd{{folder}}')\n"
           f"  for file in range({int(1_000 * scale)}):\n    os.close(os.open(f'd{{folder}}/' + 'a' * 60 + str(file), os.O_CREAT | os.O_WRONLY))\nEND")
    return pipeline(run, f"      artifacts: [\"{stars}\"]\n"), ""


def nested_folders(scale):
    run = (f"python3 - <<'END'\nimport os\nfor _ in range({int(3_000 * scale)}):\n  os.mkdir('d')\n  os.chdir('d')\nEND")
    return pipeline(run, "      artifacts: [\"**/x\"]\n"), ""


def large_reports(scale):
    """60 MB of JUnit, and 999 links to it."""
    run = ("python3 - <<'END'\nimport os\ncase = '<testcase name=\"a\" classname=\"b\"><system-out>' + 'x' * 60_000 + '</system-out></testcase>'\n"
           f"with open('r0.xml', 'w') as report:\n  report.write('<testsuite>' + case * {int(1_000 * scale)} + '</testsuite>')\n"
           "for number in range(1, 1000):\n  os.symlink('r0.xml', f'r{number}.xml')\nEND")
    return pipeline(run, "      junit: r*.xml\n"), ""


def fifo_log(scale):
    """A FIFO in the place of the attempt's log."""
    run = "for log in ../log ../bomb.1/log; do if [ -e $log ]; then rm -f $log; mkfifo $log; fi; done"
    return pipeline(run), ""


def huge_blob(scale):
    """A file that is small in the repository: zeros."""
    return pipeline("true"), ("big.bin", int((1 << 30) * scale))


def largest_plan(scale):
    """A plan that is accepted, just below 1 MiB, in as many small values as it can have."""
    variables = ", ".join(f"v{number:x}: x" for number in range(int(935 * scale)))
    axis = ", ".join(str(number) for number in range(100))
    return (f"version: 1\nname: bomb\nenvironment: {{{variables}}}\nstages:\n  bomb:\n    matrix: {{a: [{axis}]}}\n"
            "    test: {run: 'true'}\n"), ""


BOMBS = {each.__name__.replace("_", "-"): each for each in (nested_format, many_variables, one_line, many_axes, empty_merges, large_row,
                                                            many_files, nested_folders, large_reports, fifo_log, huge_blob,
                                                            largest_plan)}
