import { delimiter } from 'node:path';
import { loadLibrary } from './loadLibrary.js';
import { swiftShaderFiles } from './swiftshader.js';
import {
  DRIVER_VARIABLES,
  driverFilesFromEnvironment,
  imageDriverFiles,
  lavapipeDriverFiles,
} from './vulkanDrivers.js';

/** One way of starting Dawn: which drivers it may see, and which Vulkan loader is put into the process first. */
export interface Route {
  readonly name: 'system' | 'vulkan' | 'lavapipe' | 'swiftshader';
  /** The interface that Dawn uses where it is not the system's usual one. */
  readonly backend?: 'vulkan';
  /** Value for `VK_DRIVER_FILES`; undefined leaves the environment as it is. */
  readonly driverFiles?: string;
  /** Value for `VK_ADD_DRIVER_FILES`: drivers that lie where the loader does not look. */
  readonly addedDriverFiles?: string;
  /** A `libvulkan.so.1` to load, where the system has none. */
  readonly loader?: string;
}

/** Whatever the system offers. Without a system Vulkan loader the packaged one serves its drivers, if it is there. */
export function systemRoute(): Route {
  const added = driverFilesFromEnvironment() || process.env.VK_ADD_DRIVER_FILES ? [] : imageDriverFiles();
  const addedDriverFiles = added.length > 0 ? added.join(delimiter) : undefined;
  return { name: 'system', addedDriverFiles, loader: packagedLoader() };
}

/** Windows' cards through their Vulkan drivers: Dawn multiplies matrices in subgroups there, and not on Direct3D 12. */
export function vulkanRoute(): Route {
  return { name: 'vulkan', backend: 'vulkan' };
}

/** What Dawn is created with on a route, beside the name of an adapter. */
export function backendOptions({ backend }: Route): string[] {
  return backend ? [`backend=${backend}`] : [];
}

/** lavapipe alone, or undefined where its driver file is not installed. */
export function lavapipeRoute(): Route | undefined {
  const files = lavapipeDriverFiles();
  if (files.length === 0) return undefined;
  return { name: 'lavapipe', driverFiles: files.join(delimiter), loader: packagedLoader() };
}

/** SwiftShader from npm. @throws TokenTrimError where it cannot be had. */
export function swiftShaderRoute(): Route {
  const { loader, driverFile } = swiftShaderFiles();
  return { name: 'swiftshader', driverFiles: driverFile, loader: hasSystemLoader() ? undefined : loader };
}

function packagedLoader(): string | undefined {
  if (hasSystemLoader()) return undefined;
  try {
    return swiftShaderFiles().loader;
  } catch {
    return undefined;
  }
}

/** Linux only: other systems need no loader, as Dawn uses Metal and Direct3D there. */
function hasSystemLoader(): boolean {
  return process.platform !== 'linux' || loadLibrary('libvulkan.so.1');
}

/** The environment in which a route's drivers are the only ones. */
export function routeEnvironment(route: Route): Record<string, string> {
  const { driverFiles, addedDriverFiles } = route;
  const added: Record<string, string> = addedDriverFiles === undefined ? {} : { VK_ADD_DRIVER_FILES: addedDriverFiles };
  if (driverFiles === undefined) return added;
  return { ...added, ...Object.fromEntries(DRIVER_VARIABLES.map((name) => [name, driverFiles])) };
}

/**
 * Runs `body` with a route's environment and loader. Dawn reads the variables when the first adapter is requested;
 * they are put back afterwards, so that child processes and a later search see what the user has set.
 */
export async function onRoute<Result>(route: Route, body: () => Promise<Result>): Promise<Result> {
  if (route.loader) loadLibrary(route.loader);
  const variables = routeEnvironment(route);
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
