import { Presets, SingleBar } from 'cli-progress';

/** Where progress goes: standard error, unless a test listens. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean };

export interface ProgressOptions {
  /** Units of work in all, for instance denoising steps. */
  total: number;
  label: string;
  /** What goes on at the moment and may take longer than the work itself, or nothing; a bar asks again and again. */
  activity?: () => string;
  /** Without it, nothing is ever printed. */
  enabled?: boolean;
  stream?: ProgressStream;
  /** `auto` is a bar on a terminal, else lines. */
  form?: 'auto' | 'lines';
}

export interface Progress {
  /** `done` of `total` units are finished; `note` is shown beside them. */
  update(done: number, note?: string): void;
  stop(): void;
}

/**
 * A progress bar with the time left, for people. Where nobody watches (a log, a pipe) it is one plain line for each
 * tenth of the work. It handles no signals: that is the command line's job.
 */
export function createProgress({
  total,
  label,
  activity = () => '',
  enabled = true,
  stream = process.stderr,
  form = 'auto',
}: ProgressOptions): Progress {
  if (!enabled || total <= 0) return { update() {}, stop() {} };
  const start = performance.now();
  const left = (done: number) =>
    done > 0 ? `${duration(((performance.now() - start) / done) * (total - done))} left` : '';
  return form === 'auto' && stream.isTTY
    ? bar(total, label, activity, stream, left)
    : lines(total, label, activity, stream, left);
}

type TimeLeft = (done: number) => string;

/** Milliseconds between looks at what goes on. */
const ACTIVITY_MS = 100;

function bar(total: number, label: string, activity: () => string, stream: ProgressStream, left: TimeLeft): Progress {
  const format = `${label} {bar} {percentage}% | {value}/{total} | {left} {note} {activity}`;
  const single = new SingleBar({ format, stream, clearOnComplete: false, barsize: 24 }, Presets.shades_classic);
  const beside = (text: string) => text && `| ${text}`;
  const now = () => ({ activity: beside(activity()) });
  single.start(total, 0, { left: '', note: '', ...now() });
  const timer = setInterval(() => single.update(now()), ACTIVITY_MS).unref();
  return {
    update: (done, note = '') =>
      single.update(Math.min(done, total), { left: left(done), note: beside(note), ...now() }),
    stop() {
      clearInterval(timer);
      single.update(now());
      single.stop();
    },
  };
}

function lines(total: number, label: string, activity: () => string, stream: ProgressStream, left: TimeLeft): Progress {
  let tenths = 0;
  return {
    update(done, note) {
      const reached = Math.floor((Math.min(done, total) / total) * 10);
      if (reached <= tenths) return;
      tenths = reached;
      const parts = [
        `${label} ${reached * 10}% (${done}/${total})`,
        done < total ? left(done) : 'done',
        note,
        activity(),
      ];
      stream.write(`${parts.filter(Boolean).join(', ')}\n`);
    },
    stop() {},
  };
}

/** Whole seconds, minutes or hours: an estimate deserves no more digits. */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
