export default function copyKernels(root: string, dist: string): void;
