import { readdirSync } from 'node:fs';
import { loadLibrary } from './loadLibrary.js';

/**
 * Libraries that NVIDIA's Vulkan driver opens when it starts, and Debian's packages that hold them. Images for CUDA have
 * the driver without them: it is found and then gives no `vkCreateInstance` (seen with driver 580 on an H100).
 */
const NEEDED: Record<string, string> = {
  'libGLdispatch.so.0': 'libglvnd0',
  'libEGL.so.1': 'libegl1',
  'libGLX.so.0': 'libglx0',
  'libX11.so.6': 'libx11-6',
  'libXext.so.6': 'libxext6',
};

/** Whether the kernel offers an NVIDIA card. */
export function hasNvidiaDevice(): boolean {
  try {
    return readdirSync('/dev').some((name) => /^nvidia\d+$/.test(name));
  } catch {
    return false;
  }
}

/**
 * What keeps an NVIDIA card that is there from being used, and what to do.
 * @param complaints what the Vulkan loader said; a driver that it found and could not start is among them
 * @param loads whether a shared library can be loaded, by its name
 */
export function nvidiaAdvice(complaints: readonly string[], loads: (library: string) => boolean = loadLibrary): string {
  const driver = complaints.map((line) => /(lib\w*nvidia\w*\.so[.\d]*)/i.exec(line)?.[1]).find(Boolean);
  if (driver === undefined) {
    return (
      'An NVIDIA device is here but its Vulkan driver is not. In a container, start it with ' +
      'NVIDIA_DRIVER_CAPABILITIES=all (or graphics,compute,utility); on a host, install the nvidia-driver package.'
    );
  }
  const missing = Object.keys(NEEDED).filter((library) => !loads(library));
  if (missing.length === 0) {
    return `An NVIDIA device is here and its driver ${driver} does not start: compare its version with nvidia-smi's.`;
  }
  const packages = missing.map((library) => NEEDED[library]).join(' ');
  return (
    `An NVIDIA device is here and its driver ${driver} does not start without ${missing.join(', ')}: ` +
    `apt-get install ${packages} (or what holds them on other systems).`
  );
}
