/** Path of the kubeconfig of whoever may do everything. */
export const KUBECONFIG: string;
export function ensureKubernetes(): Promise<{ kubernetes: string; pause: string }>;
export function restartApiServer(): Promise<void>;
export function loadImage(archive: string): Promise<void>;
