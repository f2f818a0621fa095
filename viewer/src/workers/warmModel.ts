// The smallest model there is: y = Identity(x), opset 13. Written out, because a file would be one more chunk to load.
const IDENTITY = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=";

/** The model as protobuf. */
export const WARM_MODEL = Uint8Array.from(atob(IDENTITY), (character) => character.charCodeAt(0));
