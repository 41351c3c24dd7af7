#!/usr/bin/python3
"""Every change of every time zone to 2040, as Python's zoneinfo has it, and the local times around each.

usage: zones.py ZONE_QUERY      the program of zone_query.c
"""

import datetime
import pathlib
import struct
import subprocess
import sys
import zoneinfo

FOLDER = pathlib.Path("/usr/share/zoneinfo")  # where the program looks, too
FROM = -5_000_000_000  # 1811
UNTIL = int(datetime.datetime(2040, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
LOCAL_FROM = int(datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
HALF_DAY = 43200
ONCE, SKIPPED, TWICE = range(3)
EPOCH = datetime.datetime(1970, 1, 1)


def offset(zone, second):
    return int(datetime.datetime.fromtimestamp(second, zone).utcoffset().total_seconds())


def written_instants(data):
    """(the instants that the file names, its footer): RFC 8536, the block of 64-bit times."""
    def counts(at):
        return struct.unpack(">6I", data[at + 20:at + 44])

    utc, std, leap, times, types, chars = counts(0)
    at = 44 + times * 5 + types * 6 + chars + leap * 8 + std + utc
    utc, std, leap, times, types, chars = counts(at)
    at += 44
    instants = struct.unpack(f">{times}q", data[at:at + times * 8])
    footer = data[at + times * 9 + types * 6 + chars + leap * 12 + std + utc:].strip(b"\n")
    return list(instants), footer


def found_by_looking(zone, start, end):
    """Changes after `start`, up to `end`: each half day is looked at, and a difference closed in on."""
    while start < end:
        after = min(start + HALF_DAY, end)
        if offset(zone, start) != offset(zone, after):
            low, high = start, after
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if offset(zone, middle) != offset(zone, low) else (middle, high)
            yield high
        start = after


def changes_of(name, zone):
    instants, footer = written_instants((FOLDER / name).read_bytes())
    last = max(instants[-1] if instants else FROM, FROM)
    known = [t for t in instants if FROM < t <= UNTIL]
    if b"," in footer:
        known += found_by_looking(zone, last, UNTIL)
    return [(t, offset(zone, t)) for t in known if offset(zone, t) != offset(zone, t - 1)]


def instant_of(zone, local, change):
    """(instant, kind) of a local time near a change; a skipped one is the instant of the change."""
    naive = EPOCH + datetime.timedelta(seconds=local)
    first, second = (int(naive.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if datetime.datetime.fromtimestamp(first, zone).replace(tzinfo=None) != naive:
        return change, SKIPPED
    return min(first, second), ONCE if first == second else TWICE


def ask(program, questions):
    run = subprocess.run([program], input="".join(f"{q}\n" for q in questions), capture_output=True, text=True, timeout=300)
    if run.returncode != 0:
        sys.exit(f"zone_query: status {run.returncode} after {run.stdout.count(chr(10))} answers: {run.stderr}")
    return run.stdout.splitlines()


def report(number, promise, wrong):
    print(f"{'not ok' if wrong else 'ok'} {number} - {promise}")
    for text in wrong[:20]:
        print(f"# {text}")
    return not wrong


def main():
    program = sys.argv[1]
    zoneinfo.reset_tzpath([str(FOLDER)])
    names = sorted(n for n in zoneinfo.available_timezones() if (FOLDER / n).is_file() and n not in ("UTC", "localtime"))
    if len(names) < 300:
        print("1..0 # SKIP no tzdata")
        return 0
    print("1..3")
    expected = {name: changes_of(name, zoneinfo.ZoneInfo(name)) for name in names}
    wrong = []
    for name, line in zip(names, ask(program, [f"changes {name} {FROM} {UNTIL}" for name in names]), strict=True):
        first, *rest = line.split()
        got = [tuple(map(int, part.split(":"))) for part in rest]
        if int(first) != offset(zoneinfo.ZoneInfo(name), FROM) or got != expected[name]:
            differing = sorted(set(got) ^ set(expected[name]))[:4]
            wrong.append(f"{name}: first {first}, differs at {differing}")
    good = report(1, f"every change of {len(names)} zones is found, and no other", wrong)

    cases = []
    for name in names:
        zone = zoneinfo.ZoneInfo(name)
        for change, after in expected[name]:
            before = offset(zone, change - 1)
            if change < LOCAL_FROM:
                continue
            near = {change + o + s for o in (before, after) for s in (-3600, -1, 0, 1, 3600)} | {change + (before + after) // 2}
            cases += [(name, change, local, instant_of(zone, local, change)) for local in sorted(near)]
    answers = ask(program, [f"local {name} {change} {local}" for name, change, local, _ in cases])
    wrong = [f"{name}, change at {change}, local {local}: {line}, not {wanted}"
             for (name, change, local, wanted), line in zip(cases, answers, strict=True) if tuple(map(int, line.split())) != wanted]
    good &= report(2, "local times around each change are their instants", wrong)
    kinds = {wanted[1] for *_, wanted in cases}
    good &= report(3, "skipped and doubled times were among them", [] if kinds == {ONCE, SKIPPED, TWICE} else [str(kinds)])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
