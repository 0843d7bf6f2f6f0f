import { spawn } from 'node:child_process';

/** What opens an address, without a shell that would read it. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Opens an address in the user's browser; where there is none, or no screen, nothing happens. */
export function openInBrowser(address: string): void {
  const { platform, env } = process;
  const hasScreen = OPENERS[platform] !== undefined || env.DISPLAY || env.WAYLAND_DISPLAY;
  if (!hasScreen) return;
  const [command, ...args] = OPENERS[platform] ?? ['xdg-open'];
  const child = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined); // the address was printed
  child.unref();
}
