// What the API answers to those who write, as docs/api.md has it: the read API's document knows what GET answers.

declare namespace Api {
  /** A follow-up without what a list shows of its call. */
  type FollowUp = Pick<
    FollowUpDetail,
    | "id"
    | "call_id"
    | "state"
    | "trigger"
    | "assignee_id"
    | "assignee_name"
    | "cause"
    | "note"
    | "opened_at"
    | "due_at"
    | "acknowledged_at"
    | "resolved_at"
    | "overdue"
    | "version"
  >;
}
