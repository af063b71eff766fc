// What comes over the WebSocket, as docs/events.md has it.

declare namespace Api {
  interface CallEvent {
    type: "event";
    id: string;
    event: CallEventType;
    version: number;
    call_id: number;
    vapi_call_id: string | null;
    changed: Record<string, unknown>;
    received_at: string | null;
    committed_at: string | null;
    pushed_at: string;
    /** It would not have fitted a frame: `changed` is empty, and the call has to be read. */
    cut?: boolean;
  }
}
