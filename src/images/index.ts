export { type Credentials, dockerCredentials } from './credentials.js';
export { type ImageName, parseImageName } from './image-name.js';
export { ociArchive } from './oci-archive.js';
export { type Image, type ImageFile, type ImagePlatform, ociImage } from './oci-image.js';
export { pushImage } from './push.js';
export { RegistryFault } from './registry-fault.js';
