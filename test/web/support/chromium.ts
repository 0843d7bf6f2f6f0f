import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync, createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { readTar } from '../../../src/node/adapter/readTar.js';

// The headless Chromium of the optional package whose SwiftShader is Node's adapter of that name: a page on it and Node
// compute on the same driver. Nothing is downloaded, and neither root nor a display is needed.

const PACKAGE = '@sparticuz/chromium';
const root = resolve(import.meta.dirname, '../../..');

/** Why there is no browser to test with; undefined where there is one. */
export function whyNoBrowser(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return `${PACKAGE} runs on Linux on x64 only`;
  return packageFolder() ? undefined : `the optional package ${PACKAGE} is not installed`;
}

/**
 * Starts the browser with WebGPU on SwiftShader: `--enable-unsafe-webgpu` is the one flag that takes. Playwright's own
 * keep it from asking anything of the network, and let root start it.
 */
export async function openBrowser(): Promise<Browser> {
  const folder = await unpacked();
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    args: ['--enable-unsafe-webgpu'],
    env: { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  });
}

function packageFolder(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..', '..');
  } catch {
    return undefined;
  }
}

/** The folder that the browser lies in: unpacked once for a version of the package, beside the packages themselves. */
async function unpacked(): Promise<string> {
  const source = packageFolder() as string;
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { version: string };
  const cache = join(root, 'node_modules', '.cache');
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const archive = (name: string) => join(source, 'bin', `${name}.br`);
    await pipeline(
      createReadStream(archive('chromium')),
      createBrotliDecompress(),
      createWriteStream(join(unfinished, 'chromium'), { mode: 0o755 }),
    );
    // Its drivers, the libraries that not every system has, and a font: without any it ends.
    for (const name of ['swiftshader.tar', 'al2023.tar', 'fonts.tar']) {
      for (const { name: path, contents } of readTar(brotliDecompressSync(readFileSync(archive(name))))) {
        mkdirSync(join(unfinished, dirname(path)), { recursive: true });
        writeFileSync(join(unfinished, path), contents, { mode: 0o755 });
      }
    }
    writeFileSync(join(unfinished, 'fonts.conf'), '<fontconfig><dir prefix="relative">fonts</dir></fontconfig>');
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error; // another process was first
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
