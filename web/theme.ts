import { byId } from './dom.js';

const NAME = 'theme';

/** Light or dark as the system has it, until somebody chooses otherwise. */
export function followTheme(): void {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    root.dataset.theme = remembered() ?? (dark.matches ? 'dark' : 'light');
  };
  apply();
  dark.addEventListener('change', apply);
  byId('theme').onclick = () => {
    const chosen = root.dataset.theme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem(NAME, chosen);
    } catch {
      // a page without storage forgets it
    }
    root.dataset.theme = chosen;
  };
}

function remembered(): string | undefined {
  try {
    return localStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}
