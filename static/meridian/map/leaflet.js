// Leaflet comes as a script that leaves one global behind.
import "../../leaflet/leaflet.js";

export const L = globalThis.L;
