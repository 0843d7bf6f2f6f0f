import { newestEntry } from '../../batch/claims.js';
import { clipKey } from '../../batch/clips.js';
import { ensure } from '../../errors.js';
import { BatchFolder } from './batchFolder.js';
import { claimFiles, hasEnded, type WorkerProcess } from './claimFiles.js';
import { readLists } from './clipLists.js';

/** A clip that a worker holds. */
export interface RunningClip {
  readonly file: string;
  readonly host: string;
  readonly pid: number;
  /** When it was claimed. */
  readonly since: string;
  /** Seconds since the last sign of life, by this machine's clock and the file system's. */
  readonly silentSeconds: number;
  /** Whether the worker is gone, or silent for so long that another may take the clip over. */
  readonly isStale: boolean;
}

/** What a batch has come to. */
export interface BatchStatus {
  readonly folder: string;
  readonly clips: number;
  readonly done: number;
  readonly running: readonly RunningClip[];
  readonly failed: readonly {
    readonly file: string;
    readonly prompt: string;
    readonly seed: string;
    readonly error: string;
    readonly ended: string;
  }[];
  /** Neither done nor running nor failed. */
  readonly waiting: number;
  /** That a clip took on average; null where none is done. */
  readonly secondsPerClip: number | null;
  /** Until all are done, failed ones included, with the workers that run now, or with one where none does. */
  readonly secondsLeft: number | null;
}

/**
 * What is done, running, failed and left in the folder of a batch. Videos are taken to be whole where their size is right.
 * @throws TokenTrimError where there is no batch
 */
export async function batchStatus(path: string): Promise<BatchStatus> {
  const folder = new BatchFolder(path);
  const clips = await readLists(folder);
  ensure(clips.size > 0, () => `${path}: there is no batch: name the folder that \`outDir\` of generate named`);
  const store = claimFiles(folder.part('claims'));
  const running: RunningClip[] = [];
  const failed: BatchStatus['failed'][number][] = [];
  let [done, seconds] = [0, 0];
  for (const clip of clips.values()) {
    const record = await folder.finished(clip, false);
    if (record) {
      done++;
      seconds += record.seconds;
      continue;
    }
    const { file } = clip;
    const newest = await newestEntry<WorkerProcess>(store, await clipKey(file));
    if (newest?.entry?.state === 'held') {
      const { worker, since, expirySeconds } = newest.entry;
      const silentSeconds = Math.max(0, (Date.now() - newest.beat) / 1000);
      const isStale = hasEnded(worker) || silentSeconds > expirySeconds;
      running.push({ file, host: worker.host, pid: worker.pid, since, silentSeconds, isStale });
      continue;
    }
    const failure = await folder.failed(clip);
    if (failure)
      failed.push({ file, prompt: failure.prompt, seed: failure.seed, error: failure.error, ended: failure.ended });
  }
  const left = clips.size - done;
  const workers = running.filter(({ isStale }) => !isStale).length;
  const secondsPerClip = done > 0 ? seconds / done : null;
  return {
    folder: path,
    clips: clips.size,
    done,
    running,
    failed,
    waiting: left - running.length - failed.length,
    secondsPerClip,
    secondsLeft: secondsPerClip === null ? null : (left * secondsPerClip) / Math.max(1, workers),
  };
}
