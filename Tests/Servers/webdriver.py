"""Chromium's own driver (W3C WebDriver) on a free port, for as long as standard input is open.

Prints `port N`. The browser gets a profile of its own below a folder that goes with it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile


def main() -> None:
    home = tempfile.mkdtemp(prefix="holdfast-browser-")
    driver = subprocess.Popen(
        ["chromedriver", "--port=0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, HOME=home, TMPDIR=home),
        # A group of its own, so that no browser outlives it.
        start_new_session=True,
    )
    try:
        for line in driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                print(f"port {found[1]}", flush=True)
                break
        else:
            sys.exit("chromedriver said no port")
        sys.stdin.read()
    finally:
        os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
        shutil.rmtree(home, ignore_errors=True)


main()
