import { lavapipeRoute, type Route, swiftShaderRoute, systemRoute } from './route.js';
import { driverFilesFromEnvironment } from './vulkanDrivers.js';

/** A route that cannot even be tried, and why. */
export interface ClosedRoute {
  readonly name: Route['name'];
  readonly problem: string;
}

/**
 * The routes that can lead to what was requested, best first, each made only when the one before it has failed.
 * Drivers that the user names in `VK_DRIVER_FILES` come first and are not widened, except for a kind asked for by name.
 */
export function* routesFor(request?: string): Generator<Route | ClosedRoute> {
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
