import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Most memory of a reading process. An 8K video takes a third of it, a picture as large as sharp opens a quarter. */
export const MEMORY_LIMIT = Math.min(4 * 2 ** 30, totalmem() / 2);

/** What the process writes to standard error before it ends itself for taking more. */
export const OVER_MEMORY = 'more memory than a reading process may take';

/**
 * Ends this process when it takes too much memory, or is left behind by its parent: a parser that never gives the event
 * loop back would otherwise run on. A thread of plain JavaScript, which no loader has to translate.
 */
const WATCH = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
setInterval(() => {
  const isOver = process.memoryUsage.rss() > workerData.limit;
  if (isOver) writeSync(2, workerData.complaint);
  if (isOver || process.ppid !== workerData.parent) process.kill(process.pid, 'SIGKILL');
}, 100);
`;

export function startWatchdog(): void {
  const workerData = { limit: MEMORY_LIMIT, complaint: OVER_MEMORY, parent: process.ppid };
  new Worker(WATCH, { eval: true, workerData, execArgv: [], stdout: true }).unref();
}
