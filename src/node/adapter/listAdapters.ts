import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from '../caches/cacheFolder.js';
import { recallAdapters, rememberAdapters } from '../caches/rememberedAdapters.js';
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
  const remembered = fresh ? undefined : recallAdapters(file);
  if (remembered) return remembered;
  const result = probe(route);
  const works = result.adapters.length > 0 && result.adapters.every((adapter) => !adapter.problem);
  if (works && result.problem === undefined) rememberAdapters(file, result);
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
