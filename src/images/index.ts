export { type ImageFile, type ImagePlatform, ociArchive } from './oci-archive.js';
