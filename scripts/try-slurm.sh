#!/usr/bin/env bash
# Runs examples/slurm-array.sh in a Slurm cluster of this one machine: munged, slurmctld and slurmd in a folder of their own,
# started for this and ended after it. As root, with Debian's packages:
#
#   apt-get install slurm-wlm munge && npm run build && scripts/try-slurm.sh
#
# Done with Slurm 22.05.8 of Debian 12: four tasks, of which one is killed and put back into the queue.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in munged slurmctld slurmd sbatch; do
  command -v "$tool" >/dev/null || { echo "skipped: there is no $tool: apt-get install slurm-wlm munge"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "skipped: slurmd has to be started by root"; exit 77; }

place=$(mktemp -d)
daemons=()
end() {
  kill "${daemons[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$place"
}
trap end EXIT
mkdir "$place"/{state,spool}
dd if=/dev/urandom of="$place/munge.key" bs=1024 count=1 status=none
chmod 700 "$place"
chmod 400 "$place/munge.key"
munged --foreground --force --key-file "$place/munge.key" --socket "$place/munge" --pid-file "$place/munge.pid" \
  --log-file "$place/munge.log" --seed-file "$place/munge.seed" & daemons+=($!)

host=$(hostname -s)
cat >"$place/slurm.conf" <<END
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$place/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$place/state
SlurmdSpoolDir=$place/spool
SlurmctldPidFile=$place/slurmctld.pid
SlurmdPidFile=$place/slurmd.pid
SlurmctldLogFile=$place/slurmctld.log
SlurmdLogFile=$place/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
JobRequeue=1
MailProg=/bin/true
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$place/slurm.conf
for _ in $(seq 50); do [ -S "$place/munge" ] && break; sleep 0.2; done
slurmctld -D >"$place/ctld.out" 2>&1 & daemons+=($!)
slurmd -D -N "$host" >"$place/d.out" 2>&1 & daemons+=($!)
for _ in $(seq 100); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 0.3; done
sinfo

cat >"$place/prompts.txt" <<'END'
a red circle stands still on a navy background
a blue ring moves in a circle on a gray background
a green square bounces up and down on a black background
END
export TOKENTRIM="node $PWD/bin/tokentrim.js"
job=$(sbatch --parsable --chdir "$place" --output "$place/task-%a.log" examples/slurm-array.sh "$place/prompts.txt" \
  "$place/clips" --seeds 0..3 --frames "${FRAMES:-5}")
echo "array $job"

# A task is killed in the middle of its work, and its node puts it back into the queue.
for _ in $(seq 300); do [ -n "$(ls "$place/clips/.batch/work" 2>/dev/null)" ] && break; sleep 0.1; done
scontrol requeue "${job}_0" && echo "task 0 was put back into the queue"
while squeue -h -j "$job" 2>/dev/null | grep -q .; do
  # Slurm would have it wait for two minutes.
  if squeue -h -j "$job" -o %r | grep -q BeginTime; then scontrol update "JobId=${job}_0" StartTime=now || true; fi
  sleep 1
done
cat "$place"/task-*.log
$TOKENTRIM status "$place/clips"
$TOKENTRIM status "$place/clips" --json | grep -q '"clips":12,"done":12,' || { echo "FAILED: not every clip is done"; exit 1; }
for task in 0 1 2 3; do
  grep -q "^share $((task + 1)) of 4, 3 of 12, by task $task of the Slurm array 0-3" "$place/task-$task.log" ||
    { echo "FAILED: task $task took another share"; exit 1; }
done
echo "12 clips by 4 tasks of a Slurm array"
