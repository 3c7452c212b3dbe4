# SPDX-License-Identifier: MIT
"""k8s.py - etc/k8s: each overlay is built by kustomize, each object held to the published schema
of several releases, names lead somewhere, and the programs take the files that a pod gets."""
import glob
import math
import os
import re
import shutil
import sys
import tempfile

import kubernetes_validate
import yaml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from trial import Failed, Skipped, Trial, expect, run  # noqa: E402

BRIDGE = os.path.join(os.environ.get("BUILD_DIR", os.path.join(TOP, "build/release")), "ums-mcp")
OLDEST = "1.29"     # sidecars
RELEASES = 3        # and the newest that the validator has schemas of
KUSTOMIZE = os.environ.get("KUSTOMIZE", "kubectl kustomize").split()


def named(objects, kind, name=None):
    return [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]


def pods(objects):
    """Each workload with its pod's template."""
    return [(o["metadata"]["name"], o["spec"]["template"]) for o in objects
            if o["kind"] in ("Deployment", "StatefulSet")]


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def fits(selector, template):
    labels = template["metadata"]["labels"]
    return all(labels.get(k) == v for k, v in selector.items())


# ====== every overlay

def is_valid(objects):
    major, newest = kubernetes_validate.latest_version().split(".")[:2]
    known = [OLDEST] + ["%s.%d" % (major, int(newest) - i) for i in range(RELEASES)]
    for release in known:
        for o in objects:
            try:
                kubernetes_validate.validate(o, release, strict=True)
            except Exception as e:
                raise Failed("%s %s, release %s: %s" % (o["kind"], o["metadata"]["name"], release,
                                                       e)) from e
    return "%d objects, releases %s" % (len(objects), ", ".join(known))


def names_lead_somewhere(objects):
    """Selectors, ports, volumes, configuration maps and targets are there, in one namespace."""
    for o in objects:
        expect(o["kind"] == "Namespace" or o["metadata"].get("namespace") == "ums-mcp",
               "%s %s is elsewhere" % (o["kind"], o["metadata"]["name"]))
    given = {"ConfigMap": {o["metadata"]["name"] for o in named(objects, "ConfigMap")},
             "Secret": {o["metadata"]["name"] for o in named(objects, "Secret")}}
    for name, template in pods(objects):
        spec = template["spec"]
        volumes = {v["name"] for v in spec.get("volumes", [])}
        if name == "redis":
            volumes |= {c["metadata"]["name"] for c in
                        named(objects, "StatefulSet", "redis")[0]["spec"]["volumeClaimTemplates"]}
        for v in spec.get("volumes", []):
            if "configMap" in v:
                expect(v["configMap"]["name"] in given["ConfigMap"], "%s: %s" % (name, v))
            if "secret" in v and given["Secret"]:
                expect(v["secret"]["secretName"] in given["Secret"], "%s: %s" % (name, v))
        for c in containers(template):
            ports = {p["name"] for d in containers(template) for p in d.get("ports", [])}
            for m in c.get("volumeMounts", []):
                expect(m["name"] in volumes, "%s: %s" % (c["name"], m))
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                for way in ("httpGet", "tcpSocket"):
                    port = c.get(probe, {}).get(way, {}).get("port")
                    expect(port is None or port in ports, "%s: %s" % (c["name"], probe))
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        for o in named(objects, kind):
            spec = o["spec"]
            selector = spec["selector"] if kind == "Service" else \
                (spec.get("selector") or spec["podSelector"])["matchLabels"]
            chosen = [t for _, t in pods(objects) if fits(selector, t)]
            expect(len(chosen) == 1, "%s %s selects %d" % (kind, o["metadata"]["name"], len(chosen)))
            ports = {p["name"] for c in containers(chosen[0]) for p in c.get("ports", [])}
            asked = [p.get("targetPort", p.get("name")) for p in spec.get("ports", [])]
            asked += [p["port"] for i in spec.get("ingress", []) for p in i["ports"]]
            expect(set(asked) <= ports, "%s %s: %s" % (kind, o["metadata"]["name"], asked))
    for o in named(objects, "HorizontalPodAutoscaler"):
        target = o["spec"]["scaleTargetRef"]
        expect(named(objects, target["kind"], target["name"]), target)


def pods_are_restricted(objects):
    """What the namespace's pod security level asks for; and bounds of memory everywhere."""
    for name, template in pods(objects):
        inherited = template["spec"]["securityContext"]
        expect(inherited["runAsNonRoot"] and inherited["runAsUser"] > 0 and
               inherited["seccompProfile"]["type"] == "RuntimeDefault", name)
        expect(template["spec"]["automountServiceAccountToken"] is False, name)
        for c in containers(template):
            own = c["securityContext"]
            expect(own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] and
                   own["capabilities"]["drop"] == ["ALL"], "%s: %s" % (name, c["name"]))
            expect("memory" in c["resources"]["limits"] and "cpu" in c["resources"]["requests"],
                   "%s: %s" % (name, c["name"]))


def pod_ends_in_step(objects):
    """The grace holds what comes one after the other: balancers, nginx's last request, and ours."""
    template = dict(pods(objects))["ums-mcp"]
    with open(os.path.join(TOP, "etc/k8s/base/ums-mcp.conf")) as f:
        conf = f.read()
    found = re.search(r"^request_timeout_ms = (\d+)", conf, re.M)
    printed = dict(re.findall(r"^(\w+) = (\S*)", run(
        BRIDGE, "-T", "-c", os.path.join(TOP, "etc/ums-mcp.conf"),
        env=dict(os.environ, UMS_MCP_AUTH="none")), re.M))
    request_s = int(found[1] if found else printed["request_timeout_ms"]) / 1000
    nginx = next(c for c in template["spec"]["containers"] if c["name"] == "nginx")
    pause_s = int(nginx["lifecycle"]["preStop"]["exec"]["command"][1])
    bridge = template["spec"]["initContainers"][0]
    expect(bridge["name"] == "bridge" and bridge["restartPolicy"] == "Always", "no sidecar")
    with open(os.path.join(TOP, "etc/k8s/base/nginx.conf")) as f:
        last_s = int(re.search(r"^worker_shutdown_timeout (\d+)s;", f.read(), re.M)[1])
    expect(request_s < last_s < template["spec"]["terminationGracePeriodSeconds"] - pause_s,
           "%s, %s + %s" % (request_s, pause_s, last_s))


def files_are_taken(objects):
    """The bridge and nginx take what the pod gets, its user and the modes of its Secrets included."""
    if os.geteuid() != 0:
        raise Skipped("only root becomes a pod's user")
    pod = dict(pods(objects))["ums-mcp"]["spec"]
    user, group = pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]
    mode = next(v["secret"]["defaultMode"] for v in pod["volumes"] if v["name"] == "secrets")
    data = next(o["data"] for o in named(objects, "ConfigMap")
                if o["metadata"]["name"].startswith("ums-mcp-"))
    folder = tempfile.mkdtemp(prefix="k8s.")
    try:
        for name, text in data.items():
            text = text.replace("/run/secrets/", folder + "/").replace("/run/ums-mcp/", folder + "/")
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        for name in ("state.key", "ums.token"):
            with open(os.path.join(folder, name), "w") as f:
                f.write("0" * 64 + "\n")
        run(BRIDGE, "key", "new", "me", "--file", os.path.join(folder, "api-keys"))
        for name in ("state.key", "ums.token", "api-keys"):     # as fsGroup has them
            os.chown(os.path.join(folder, name), 0, group)
            os.chmod(os.path.join(folder, name), mode)
        shutil.copytree(os.path.join(TOP, "etc/services"), os.path.join(folder, "services"))
        os.chown(folder, user, group)
        own = shutil.copy(BRIDGE, folder)
        run(own, "-t", "-c", os.path.join(folder, "ums-mcp.conf"), user=user, group=group,
            extra_groups=[])
        run("nginx", "-t", "-q", "-c", os.path.join(folder, "nginx.conf"), "-e", "stderr")
    finally:
        shutil.rmtree(folder)


def sizing_adds_up(objects):
    """The table of docs/kubernetes.md is what its sentences say, of the requests and limits here."""
    all_of = containers(dict(pods(objects))["ums-mcp"])
    cpu_s = sum(int(c["resources"]["requests"]["cpu"][:-1]) for c in all_of) / 1000
    memory = sum(int(c["resources"]["limits"]["memory"][:-2]) for c in all_of)
    share = named(objects, "HorizontalPodAutoscaler")[0]["spec"]["metrics"][0]["resource"][
        "target"]["averageUtilization"] / 100
    with open(os.path.join(TOP, "etc/k8s/base/ums-mcp.conf")) as f:
        conf = dict(re.findall(r"^(\w+) = (\d+)$", f.read(), re.M))
    holds = int(conf["workers"]) * int(conf["max_inflight"])
    with open(os.path.join(TOP, "docs/kubernetes.md")) as f:
        page = f.read()
    call_s = int(re.search(r"calls a second × (\d+) µs", page)[1]) / 1e6
    rows = re.findall(r"^\| (1[50,]+) \| (.*) GB \|$", page, re.M)
    expect([r[0] for r in rows] == ["1,500", "15,000", "150,000"], rows)
    for tasks, rest in rows:
        tasks = int(tasks.replace(",", ""))
        *row, gb = [float(n.replace(",", "")) for n in rest.split(" | ")]
        room = math.ceil(tasks / (holds / 2))
        processor = math.ceil(tasks / 2 * call_s / (cpu_s * share))
        number = max(room, processor) + 1
        want = [tasks / 2, tasks / 2 * 0.2, tasks, room, processor, number]
        expect(row == want, "%d tasks: %s, and it is %s" % (tasks, row, want))
        expect(abs(gb / (number * memory / 1000) - 1) < 0.05, "%d tasks: %s GB" % (tasks, gb))


CHECKS = [is_valid, names_lead_somewhere, pods_are_restricted, pod_ends_in_step, files_are_taken]


def prepare(folder):
    """What the head of overlays/demo/kustomization.yaml says to do once, and only that."""
    demo = os.path.join(folder, "etc/k8s/overlays/demo")
    with open(os.path.join(demo, "kustomization.yaml")) as f:
        lines = re.findall(r"^#   (\S.*?)(?:  +\(.*\))?$", f.read(), re.M)
    expect(len(lines) == 3, lines)
    path = os.path.dirname(BRIDGE) + ":" + os.environ["PATH"]
    left = os.path.join(folder, "tmp")
    os.mkdir(left)
    for line in lines:
        run("sh", "-ec", line, cwd=demo, env=dict(os.environ, PATH=path, TMPDIR=left))
    run("openssl", "verify", "-CAfile", "ca.pem", "local.crt", cwd=demo)
    # Who has the key of the CA is believed: it is gone.
    expect(not os.listdir(left), "left: %s" % os.listdir(left))
    with open(os.path.join(demo, "ca.pem")) as f:
        ours = f.read()
    for path in glob.glob("/tmp/*.pem"):
        with open(path, errors="replace") as f:
            expect(f.read() != ours, "made in the open: " + path)


def write_own(folder):
    """The overlay that docs/kubernetes.md shows, with files of the names that it has."""
    own = os.path.join(folder, "etc/k8s/overlays/own")
    os.mkdir(own)
    with open(os.path.join(TOP, "docs/kubernetes.md")) as f:
        text = re.search(r"^```yaml\n(.*?)^```$", f.read(), re.M | re.S)[1]
    with open(os.path.join(own, "kustomization.yaml"), "w") as f:
        f.write(text)
    shutil.copy(os.path.join(folder, "etc/k8s/base/ums-mcp.conf"), own)
    for name in next(g["files"] for g in yaml.safe_load(text)["secretGenerator"]):
        with open(os.path.join(own, name), "w") as f:
            f.write(name)


def main():
    trial = Trial()
    folder = tempfile.mkdtemp(prefix="k8s.")
    try:
        shutil.copytree(os.path.join(TOP, "etc"), os.path.join(folder, "etc"))
        prepare(folder)
        write_own(folder)
        for overlay in ("base", "overlays/in-flight", "overlays/demo", "overlays/own"):
            objects = list(yaml.safe_load_all(run(
                *KUSTOMIZE, os.path.join(folder, "etc/k8s", overlay))))
            for check in CHECKS:
                trial.of(check, objects, name="%s: %s" % (overlay, check.__name__))
            if overlay == "base":
                trial.of(sizing_adds_up, objects)
    except Failed as e:
        trial.fail(str(e))
    finally:
        shutil.rmtree(folder)
    return trial.end()


if __name__ == "__main__":
    sys.exit(main())
