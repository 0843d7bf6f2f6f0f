import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterEach } from 'vitest';
import type { Program } from './program.js';

/** Disks that are small and really full, which only root may make. */
interface SmallDisks {
  readonly canMount: boolean;
  /** Mounts one in the test's folder until the test is over. */
  disk(name: string, size: string): string;
}

/** Call at the top of a test file. */
export function useSmallDisks(program: Program): SmallDisks {
  const mounted: string[] = [];
  afterEach(() => {
    for (const place of mounted.splice(0)) execFileSync('umount', [place]);
  });
  return {
    canMount: canMount(),
    disk(name, size) {
      const place = program.path(name);
      mkdirSync(place);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tokentrim-test', place], { stdio: 'ignore' });
      mounted.push(place);
      return place;
    },
  };
}

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tokentrim-test', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
