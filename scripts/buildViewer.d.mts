/** The page of the viewer as text. */
export function viewerPage(name?: 'viewer' | 'comparison'): Promise<string>;
/** Writes it. */
export default function buildViewer(target: string): Promise<void>;
