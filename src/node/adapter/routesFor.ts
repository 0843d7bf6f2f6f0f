import { lavapipeRoute, type Route, swiftShaderRoute, systemRoute, vulkanRoute } from './route.js';
import { driverFilesFromEnvironment } from './vulkanDrivers.js';

/** A route that cannot even be tried, and why. */
export interface ClosedRoute {
  readonly name: Route['name'];
  readonly problem: string;
}

/**
 * The routes that can lead to what was requested, best first, each made only when the one before it has failed.
 * On Windows `vulkan` and `d3d12` ask for one of the two interfaces to a card.
 * Drivers that the user names in `VK_DRIVER_FILES` come first and are not widened, except for a kind asked for by name.
 */
export function* routesFor(request?: string): Generator<Route | ClosedRoute> {
  if (process.platform === 'win32' && request !== 'd3d12') yield vulkanRoute();
  if (process.platform === 'win32' && request === 'vulkan') return;
  const narrowed = driverFilesFromEnvironment() !== undefined;
  const linux = process.platform === 'linux';
  const wants = (name: string) => request === name || (request !== 'gpu' && !isOther(request, name));
  const direct = linux && !narrowed && (request === 'lavapipe' || request === 'swiftshader');

  if (!direct) yield systemRoute();
  // Alone, lavapipe survives a graphics driver that crashes while the loader opens them all.
  if (linux && wants('lavapipe') && (!narrowed || request !== undefined)) {
    yield lavapipeRoute() ?? { name: 'lavapipe', problem: 'its driver file lvp_icd.json is not installed' };
  }
  if (wants('swiftshader')) yield orClosed('swiftshader', swiftShaderRoute);
}

/** What an adapter of a route must answer to: on Windows the names of the two interfaces mean a card that is reached by them. */
export function requestOn({ name }: Route, request?: string): string | undefined {
  if (process.platform !== 'win32') return request;
  if (request === 'vulkan' || request === 'd3d12') return 'gpu';
  return name === 'vulkan' ? (request ?? 'gpu') : request; // a program that pretends to be a card has no use for Vulkan
}

function isOther(request: string | undefined, name: string): boolean {
  return (request === 'lavapipe' || request === 'swiftshader') && request !== name;
}

function orClosed(name: Route['name'], make: () => Route): Route | ClosedRoute {
  try {
    return make();
  } catch (error) {
    return { name, problem: (error as Error).message };
  }
}
