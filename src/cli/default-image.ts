/** The image of meshmark's programs, where nobody names another. */
import { packageVersion } from '../host/index.js';

/** `localhost` is no registry that nodes would ask: an image that was not loaded into them is told so at once. */
export const DEFAULT_IMAGE = `localhost/meshmark/dataplane:${packageVersion()}`;
