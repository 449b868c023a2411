// @ts-check
/** Pages that only show thumbnails. */

import { drawThumbs } from "./thumbs.js";

drawThumbs();
