"""The processes that control.py believes to be its own."""

import os

import control


def service(tmp_path, pid_file):
    place = tmp_path / "services" / "app"
    place.mkdir(parents=True)
    (place / "pid").write_text(pid_file)
    return control.Service(tmp_path, "app")


def test_knows_its_process(tmp_path):
    assert service(tmp_path, f"{os.getpid()} {control.start_time(os.getpid())}\n").alive() == os.getpid()


def test_a_recycled_process_id_is_somebody_else(tmp_path):
    assert service(tmp_path, f"{os.getpid()} {control.start_time(os.getpid()) - 1}\n").alive() is None


def test_a_torn_pid_file_names_nobody(tmp_path):
    assert service(tmp_path, "12").alive() is None
