#!/bin/sh
# SPDX-FileCopyrightText: The shelltree authors
# SPDX-License-Identifier: Apache-2.0
# tests/schedulers.sh - shards made under GNU parallel, and as a job array of Slurm with all of its
# daemons on this machine (as root), give the report of one run. What isn't installed is skipped.
#
# usage: SHELLTREE=./shelltree schedulers.sh EVIDENCE
set -u
: "${SHELLTREE:?names the program}"
evidence=$(realpath "${1:?names the evidence}")
program=$(realpath "$SHELLTREE")
tmp=$(mktemp -d) || exit 99
pids=
trap 'for p in $pids; do kill $p 2>/dev/null; done; wait; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 99
bad=0

"$program" hunt -q -f jsonl "$evidence" >one.jsonl

same() {
    "$program" hunt -q -f jsonl "$2"/shard-*.db >"$2/all.jsonl"
    if cmp -s one.jsonl "$2/all.jsonl"; then
        echo "$1: the report of $(ls "$2"/shard-*.db | wc -l) shards is that of one run ($(wc -l <one.jsonl) rows)"
    else
        echo "$1: the report differs"
        bad=1
    fi
}

if command -v parallel >/dev/null; then
    mkdir p
    seq 8 | parallel "$program extract -q -o p/shard-{}.db --part {}/8 '$evidence' || test \$? -eq 3" || bad=1
    same "GNU parallel" p
else
    echo "GNU parallel isn't installed: skipped"
fi

# One machine as a cluster.
start_slurm() {
    host=$(hostname -s)
    mkdir -p /run/munge s/state s/spool && chown munge: /run/munge
    pgrep -x munged >/dev/null || { su -s /bin/sh munge -c /usr/sbin/munged || return 1; pids="$pids $(pgrep -x munged)"; }
    cat >slurm.conf <<END
ClusterName=one
SlurmctldHost=$host
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$tmp/s/state
SlurmdSpoolDir=$tmp/s/spool
SlurmctldPidFile=$tmp/s/slurmctld.pid
SlurmdPidFile=$tmp/s/slurmd.pid
SlurmctldPort=16817
SlurmdPort=16818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
MpiDefault=none
NodeName=$host CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF=$tmp/slurm.conf
    slurmctld -f slurm.conf -D >slurmctld.log 2>&1 &
    pids="$pids $!"
    slurmd -f slurm.conf -D >slurmd.log 2>&1 &
    pids="$pids $!"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        sinfo -h -o %t 2>/dev/null | grep -q idle && return 0
        sleep 1
    done
    tail -n 5 slurmctld.log slurmd.log
    return 1
}

if command -v sbatch >/dev/null && [ "$(id -u)" = 0 ]; then
    if start_slurm; then
        mkdir q
        cat >array.sh <<END
#!/bin/sh
#SBATCH --array=1-8
#SBATCH --chdir=$tmp/q
#SBATCH --output=$tmp/q/log-%a
$program extract -q -o "shard-\$SLURM_ARRAY_TASK_ID.db" --part "\$SLURM_ARRAY_TASK_ID/8" '$evidence' || test \$? -eq 3
END
        sbatch --wait array.sh || { bad=1; cat q/log-*; }
        same "Slurm" q
    else
        echo "Slurm did not start"
        bad=1
    fi
else
    echo "Slurm isn't installed, or this isn't root: skipped"
fi
exit $bad
