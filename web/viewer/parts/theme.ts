const NAME = 'theme';

/** Light or dark as the system has it, until somebody chooses otherwise. */
export function followTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    document.documentElement.dataset.theme = remembered() ?? (dark.matches ? 'dark' : 'light');
  };
  apply();
  dark.addEventListener('change', apply);
}

/** The other one, and remembered. */
export function toggleTheme(): void {
  const root = document.documentElement;
  const chosen = root.dataset.theme === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(NAME, chosen);
  } catch {
    // a page without storage forgets it
  }
  root.dataset.theme = chosen;
}

function remembered(): string | undefined {
  try {
    return localStorage.getItem(NAME) ?? undefined;
  } catch {
    return undefined;
  }
}
