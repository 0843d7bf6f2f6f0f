import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../caches/cacheFolder.js';
import { readTextFileSync } from '../files/plainFile.js';
import { type ProbeResult, probe } from './probe.js';
import type { Route } from './route.js';
import { driverFilesFromEnvironment, driverFingerprint, installedDriverFiles } from './vulkanDrivers.js';

/**
 * The adapters of a route. On Linux an answer without faults is remembered in the cache folder until a driver file, a
 * device or the `webgpu` package changes, which saves the child process at every start. A fault may pass (a busy card,
 * a full memory), so an answer with one, or with no adapter at all, is asked for again.
 * `fresh` asks again whatever is remembered.
 */
export function listAdapters(route: Route, fresh = false): ProbeResult {
  if (process.platform !== 'linux') return probe(route);
  if (hasNoDrivers(route)) return { adapters: [], complaints: ['no Vulkan driver file is installed'] };
  const file = join(cacheFolder(), `adapters-${routeKey(route)}.json`);
  const remembered = fresh ? undefined : recall(file);
  if (remembered) return remembered;
  const result = probe(route);
  const works = result.adapters.length > 0 && result.adapters.every((adapter) => !adapter.problem);
  if (works && result.problem === undefined) remember(file, result);
  return result;
}

function hasNoDrivers(route: Route): boolean {
  return !route.driverFiles && !driverFilesFromEnvironment() && installedDriverFiles().length === 0;
}

function routeKey(route: Route): string {
  const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  const parts = [version, process.version, process.arch, route, driverFingerprint()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}

function recall(file: string): ProbeResult | undefined {
  try {
    const text = readTextFileSync(file, { what: 'the adapters of a probe', limit: 2 ** 20 });
    const result = JSON.parse(text) as ProbeResult;
    return Array.isArray(result.adapters) && Array.isArray(result.complaints) ? result : undefined;
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that no other process reads half of it; without room on the disk nothing is kept. */
function remember(file: string, result: ProbeResult): void {
  try {
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, JSON.stringify(result));
    renameSync(unfinished, file);
  } catch {
    return;
  }
}
