/** A call that its caller took back in the moment in which it was to be written to the socket: nothing of it has left. */
export class HeldBack extends Error {
  override readonly name = "HeldBack"
}
