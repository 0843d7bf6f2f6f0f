import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { ensure, TokenTrimError } from '../../errors.js';
import { cacheFolder } from '../caches/cacheFolder.js';
import { cacheProblem } from '../files/writeProblem.js';
import { readTar } from './readTar.js';

/** The three files that the npm package `@sparticuz/chromium` carries for Vulkan on a machine that has none. */
export interface SwiftShaderFiles {
  /** The Vulkan loader, `libvulkan.so.1`. */
  readonly loader: string;
  /** The driver's JSON file, to be named in `VK_DRIVER_FILES`. */
  readonly driverFile: string;
}

const PACKAGE = '@sparticuz/chromium';
const LIBRARY = 'libvk_swiftshader.so';
const LOADER = 'libvulkan.so.1';
const DRIVER_FILE = 'vk_swiftshader_icd.json';
const FILES = [LIBRARY, LOADER, DRIVER_FILE];

/**
 * Unpacks SwiftShader into the cache folder, once for each version of the package, and says where it lies.
 *
 * @throws TokenTrimError where the package is not installed or the machine is not Linux on x64.
 */
export function swiftShaderFiles(): SwiftShaderFiles {
  ensure(
    process.platform === 'linux' && process.arch === 'x64',
    `SwiftShader from npm exists for Linux on x64 only; this machine is ${process.platform} on ${process.arch}. ` +
      'Install a Vulkan driver, or use --adapter reference.',
  );
  const source = packageFolder();
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  const folder = join(cacheFolder(), `swiftshader-${version}`);
  if (!isComplete(folder)) unpack(join(source, 'bin', 'swiftshader.tar.br'), folder);
  return { loader: join(folder, LOADER), driverFile: join(folder, DRIVER_FILE) };
}

function packageFolder(): string {
  try {
    // The package exports its main file only, build/cjs/index.cjs; its package.json lies two folders up.
    return join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..', '..');
  } catch {
    throw new TokenTrimError(
      `SwiftShader comes with the optional npm package ${PACKAGE}, which is not installed here. ` +
        'Run `npm ci` without --omit=optional, or use --adapter reference.',
    );
  }
}

/**
 * Unpacks beside the target and renames, so that a second process sees all of it or nothing. When two unpack at the
 * same time the later rename fails, because the target is no longer empty, and the earlier one's files are used.
 */
function unpack(archive: string, folder: string): void {
  ensure(existsSync(archive), `${archive} is missing: SwiftShader cannot be unpacked. Run \`npm ci\` again.`);
  let unfinished = '';
  try {
    unfinished = mkdtempSync(`${folder}.`);
    for (const { name, contents } of readTar(brotliDecompressSync(readFileSync(archive)))) {
      if (FILES.includes(name)) writeFileSync(join(unfinished, name), contents, { mode: 0o700 });
    }
    ensure(isComplete(unfinished), `${archive} does not hold ${FILES.join(', ')}. Run \`npm ci\` again.`);
    replace(unfinished, folder);
  } catch (error) {
    if (error instanceof TokenTrimError || !(error as NodeJS.ErrnoException).code) throw error;
    throw new TokenTrimError(`SwiftShader cannot be unpacked: ${cacheProblem(dirname(folder), error)}`, {
      cause: error,
    });
  } finally {
    if (unfinished) rmSync(unfinished, { recursive: true, force: true });
  }
}

function replace(unfinished: string, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  if (existsSync(folder) && !isComplete(folder)) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!isComplete(folder)) throw error;
  }
}

/** Cleaners of cache and temporary folders take single files away, so each one is looked for. */
function isComplete(folder: string): boolean {
  return FILES.every((name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0) > 0);
}
