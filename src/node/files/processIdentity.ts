import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';

/** A process, so that others can tell whether it is still there. */
export const processFields = {
  pid: z.number().int().positive(),
  /** When the process was started, as the system counts: process numbers are used again. */
  started: z.string(),
  host: z.string(),
  /** Changes when the machine starts. */
  boot: z.string(),
  /** Which processes the number is one of: containers count their own. */
  space: z.string(),
};
const processSchema = z.object(processFields);

/** What `processFields` says of a process. */
export type ProcessIdentity = z.infer<typeof processSchema>;

/** Whether a process is there; `unseen` where it would be on another machine or in another container. */
export function stateOf(found: ProcessIdentity): 'running' | 'ended' | 'unseen' {
  const own = ownProcess();
  if (found.host !== own.host) return 'unseen';
  if (found.boot !== own.boot) return 'ended';
  if (found.space !== own.space) return 'unseen';
  try {
    process.kill(found.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'ended'; // EPERM: it is another user's
  }
  return found.started === startOf(found.pid) ? 'running' : 'ended';
}

let self: ProcessIdentity | undefined;

/** This process. */
export function ownProcess(): ProcessIdentity {
  const read = (get: () => string) => {
    try {
      return get().trim();
    } catch {
      return ''; // not Linux
    }
  };
  self ??= {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    boot: read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    space: read(() => readlinkSync('/proc/self/ns/pid')),
  };
  return self;
}

/** On Linux the 22nd field of /proc/<pid>/stat; the second, a name in brackets, may hold anything. A zombie has ended. */
function startOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(state) ? 'ended' : fields[18];
  } catch {
    return '';
  }
}
