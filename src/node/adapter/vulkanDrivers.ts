import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join } from 'node:path';

/** What the Vulkan loader obeys: the older name is read by loaders before 1.3.207. */
export const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'] as const;

/** Driver files named in the environment, or undefined where the loader searches its folders. */
export function driverFilesFromEnvironment(): string[] | undefined {
  const value = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  return value?.split(delimiter).filter(Boolean);
}

/** Every driver file (`*.json`) in the folders that the Vulkan loader searches on Linux. */
export function installedDriverFiles(): string[] {
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS = '/etc/xdg', XDG_DATA_HOME, XDG_DATA_DIRS = '' } = process.env;
  const roots = [
    XDG_CONFIG_HOME || join(homedir(), '.config'),
    ...XDG_CONFIG_DIRS.split(delimiter),
    '/usr/local/etc',
    '/etc',
    XDG_DATA_HOME || join(homedir(), '.local', 'share'),
    ...XDG_DATA_DIRS.split(delimiter),
    '/usr/local/share',
    '/usr/share',
    '/run/opengl-driver/share', // NixOS
  ];
  const folders = new Set(roots.filter(Boolean).map((root) => join(root, 'vulkan', 'icd.d')));
  return [...[...folders].flatMap(driverFilesIn), ...imageDriverFiles()];
}

/** Driver files where images for containers put NVIDIA's driver, and where the Vulkan loader does not look. */
export function imageDriverFiles(folder = '/usr/local/nvidia/share/vulkan/icd.d'): string[] {
  return driverFilesIn(folder);
}

function driverFilesIn(folder: string): string[] {
  return entries(folder).filter((file) => file.endsWith('.json'));
}

/**
 * lavapipe's driver files: those the environment names, else the installed ones. Debian's backport calls the file
 * `lvp_icd.json`, other releases put the architecture in the name; 32-bit twins are left out.
 */
export function lavapipeDriverFiles(): string[] {
  const isLavapipe = (file: string) => /^lvp_icd.*\.json$/.test(basename(file)) && !/i[36]86/.test(basename(file));
  const named = (driverFilesFromEnvironment() ?? []).filter(isLavapipe).filter((file) => statOf(file) !== undefined);
  return named.length > 0 ? named : installedDriverFiles().filter(isLavapipe);
}

/**
 * A text that changes when a driver is installed, upgraded or removed, when a device appears or goes, or when this
 * user gains the right to open one: what a remembered probe answer depends on.
 */
export function driverFingerprint(): string {
  const drivers = [...installedDriverFiles(), ...(driverFilesFromEnvironment() ?? [])];
  const devices = [...entries('/dev/dri'), ...entries('/dev').filter((path) => path.startsWith('/dev/nvidia'))];
  const variables = Object.entries(process.env).filter(([name]) => /^(VK|MESA|LP)_/.test(name));
  return JSON.stringify([
    drivers.map((file) => [file, statOf(file)]),
    devices.map((path) => [path, mayOpen(path)]),
    variables,
  ]);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function statOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats && `${stats.mtimeMs} ${stats.size}`;
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
