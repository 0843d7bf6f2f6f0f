import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

/** Binaries for other systems, which npm could not ask for where the lock file was made. */
const UNKNOWN = /^node_modules\/@napi-rs\/webcodecs-(?!linux-x64)/;

const packed = read('package.json');
const lock = read('package-lock.json') as { lockfileVersion: number; packages: Record<string, Locked> };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

test('is in step with package.json', () => {
  for (const field of ['dependencies', 'devDependencies', 'optionalDependencies'])
    expect(lock.packages[''], field).toMatchObject({ [field]: packed[field] });
  expect(lock.packages[''].version).toBe(packed.version);
});

test('every package is from the registry, and known by its digest', () => {
  const wrong = locked.filter(([path, { resolved, integrity = '' }]) => {
    const isKnown = /^sha512-[\w+/]{86}==$/.test(integrity) || (UNKNOWN.test(path) && integrity === '');
    return resolved !== undefined || !isKnown; // a place of its own would be a git address, a folder, or any server
  });
  expect(wrong.map(([path]) => path)).toEqual([]);
  expect(locked.length).toBeGreaterThan(100);
});

/** Licences of what comes with the program; libvips, which sharp loads as a library of its own, is LGPL. */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
const LIBVIPS = 'LGPL-3.0-or-later';
/** Of files that may be used unchanged in any program: MPL-2.0. */
const WEAK = ['node_modules/mediabunny'];
/** Of tools, which are not passed on. */
const TOOLS = [...LICENCES, 'BlueOak-1.0.0', 'MPL-2.0', 'MIT OR Apache-2.0', 'CC0-1.0'];

test('licences are of a short list', () => {
  const wrong = locked.filter(([path, { license = '', dev }]) => {
    const names = license.split(' AND ');
    if (path.startsWith('node_modules/@img/sharp'))
      return !names.every((name) => [...LICENCES, LIBVIPS].includes(name));
    return !names.every((name) => (dev || WEAK.includes(path) ? TOOLS : LICENCES).includes(name));
  });
  expect(wrong.map(([path, { license }]) => `${path}: ${license}`)).toEqual([]);
});

test('nothing of ours runs at install, and of others one script, which takes a mark off a file on macOS', () => {
  expect(Object.keys(packed.scripts).filter((name) => /^(?:pre|post)?install$/.test(name))).toEqual([]);
  expect(locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([
    'node_modules/webgpu',
  ]);
  const script = readFileSync(new URL('../../node_modules/webgpu/build/postinstall.js', import.meta.url), 'utf8');
  expect(script).toContain("execute('xattr', ['-d', attribute, dawnNode])");
  expect(script).not.toMatch(/https?:|fetch\(|download/i);
});
