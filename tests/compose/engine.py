# SPDX-License-Identifier: MIT
"""engine.py - a Docker engine of our own, whose data, socket and images end with it.

The images that docker-compose.yml and the Dockerfile name are public ones. Where they can be
pulled (--pull), they are. Else what stands in for them is made of Debian's packages under the
same names: the base by debootstrap, Redis and Prometheus from it. Grafana is in no Debian.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from trial import Failed, run  # noqa: E402

BASE = os.path.join(TOP, "build", "compose")
DEBIAN = "debian:13-slim"

STANDINS = {
    "redis:8": """
FROM %s
RUN apt-get -qq update && apt-get -qq install --no-install-recommends redis-server >/dev/null
RUN install -d -o 999 -g 999 /data
WORKDIR /data
""" % DEBIAN,
    "prom/prometheus:v2.53.3": """
FROM %s
RUN apt-get -qq update && apt-get -qq install --no-install-recommends prometheus >/dev/null
RUN install -d -o nobody -g nogroup /prometheus
USER nobody
ENTRYPOINT ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", \\
    "--storage.tsdb.path=/prometheus"]
""" % DEBIAN,
}


class Engine:
    def __init__(self, pull):
        self.pull = pull
        self.folder = tempfile.mkdtemp(prefix="compose.")
        self.process = None

    def __enter__(self):
        os.environ["DOCKER_HOST"] = "unix://%s/sock" % self.folder
        # Debian's engine is older than the builder that newer clients ask for.
        os.environ["DOCKER_BUILDKIT"] = "0"
        os.environ["COMPOSE_DOCKER_CLI_BUILD"] = "0"
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--data-root", self.folder + "/data", "--exec-root",
                 self.folder + "/run", "--pidfile", self.folder + "/pid", "--host",
                 os.environ["DOCKER_HOST"],
                 # The machine's own rules are left alone: ports are published by a proxy.
                 "--bridge", "none", "--iptables=false", "--ip6tables=false"], stdout=log, stderr=log)
        for _ in range(300):
            if self.process.poll() is not None:
                break
            if subprocess.run(["docker", "info"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.2)
        else:
            self.__exit__()
        if self.process is None or self.process.poll() is not None:
            with open(os.path.join(self.folder, "log"), errors="replace") as f:
                raise Failed("the engine did not start: " + f.read()[-2000:])
        if not self.pull:
            self.images()
        return self

    def __exit__(self, *_):
        """Whatever ran in it must be gone before: the engine's own goes here."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        # It leaves its network namespace mounted.
        with open("/proc/mounts") as f:
            mounts = [line.split()[1] for line in f if line.split()[1].startswith(self.folder + "/")]
        if mounts:
            run("umount", *reversed(mounts))
        shutil.rmtree(self.folder)

    def images(self):
        tar = os.path.join(BASE, "debian-13.tar")
        if not os.path.exists(tar):
            os.makedirs(BASE, exist_ok=True)
            root = os.path.join(self.folder, "root")
            run("debootstrap", "--variant=minbase", "trixie", root)
            shutil.rmtree(os.path.join(root, "var/cache/apt"))
            run("tar", "-C", root, "-cf", tar + ".new", ".")
            os.rename(tar + ".new", tar)
            shutil.rmtree(root)
        run("docker", "import", tar, DEBIAN)
        for name, text in STANDINS.items():
            run("docker", "build", "--network", "host", "-t", name, "-", input=text)


def inspect(name):
    return json.loads(run("docker", "inspect", name))[0]
