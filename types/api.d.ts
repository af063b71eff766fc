// Written by `make constants` from the code of the server: change it there.

declare namespace Api {
  interface Activation {
    assistant_id: string | null;
    assistant_name: string | null;
    assistant_version: string | null;
  }

  interface AnswerFigures {
    expected: number;
    lost: number;
    lost_share: number | null;
  }

  interface AnsweredInTime {
    count: number;
    of: number;
    share: number | null;
  }

  interface AssigneeFigures {
    opened: number;
    resolved: number;
    dismissed: number;
    in_time: number;
    in_time_share: number | null;
    median_hours_to_acknowledge: number | null;
    median_hours_to_resolve: number | null;
    assignee_id: number | null;
    assignee_name: string | null;
  }

  interface Attempt {
    number: number;
    vapi_call_id: string | null;
    shown: boolean;
    status: string | null;
    began_at: string | null;
    start_time: string | null;
    end_time: string | null;
    duration_seconds: number | null;
    outcome: string | null;
    ended_reason: string | null;
    nps_score: number | null;
    has_recording: boolean;
    recording_elsewhere: boolean;
    recording_copy: string | null;
    cost_dollars: number | null;
    call_reason: string | null;
    summary: string | null;
    feedback: AttemptFeedback | null;
    customer_name: string | null;
    phone: string | null;
    customer_sip_uri: string | null;
    reported_by: string | null;
    reconciliation: string | null;
    quality: Quality | null;
  }

  interface AttemptFeedback {
    content: string;
    positives?: string | null;
    detractors?: string | null;
    action_items?: string | null;
    structured_data?: Record<string, unknown> | null;
  }

  interface Call {
    id: number;
    vapi_call_id: string | null;
    status: string;
    outcome: string | null;
    ended_reason: string | null;
    direction: string;
    demo: boolean;
    customer_name: string | null;
    phone: string;
    vehicle: string | null;
    service: string | null;
    campaign_id: number | null;
    campaign_name: string | null;
    advisor_id: number | null;
    advisor_name: string | null;
    start_time: string | null;
    end_time: string | null;
    duration_seconds: number | null;
    nps_score: number | null;
    reason: string | null;
    has_recording: boolean;
    attempt_count: number;
    attempt_number: number | null;
    reported_by: string | null;
    reconciliation: string | null;
    complaint: string | null;
    gist: string | null;
    updated_at: string | null;
    match?: Match | null;
  }

  interface CallCount {
    count: number;
    is_all: boolean;
  }

  interface CallDetail {
    id: number;
    vapi_call_id: string | null;
    status: string;
    outcome: string | null;
    ended_reason: string | null;
    direction: string;
    demo: boolean;
    customer_name: string | null;
    phone: string;
    vehicle: string | null;
    service: string | null;
    campaign_id: number | null;
    campaign_name: string | null;
    advisor_id: number | null;
    advisor_name: string | null;
    start_time: string | null;
    end_time: string | null;
    duration_seconds: number | null;
    nps_score: number | null;
    reason: string | null;
    has_recording: boolean;
    attempt_count: number;
    attempt_number: number | null;
    reported_by: string | null;
    reconciliation: string | null;
    complaint: string | null;
    gist: string | null;
    updated_at: string | null;
    recording_elsewhere: boolean;
    recording_copy: string | null;
    attempts: Attempt[];
    cost_dollars: number | null;
    quality: Quality | null;
    call_reason: string | null;
    summary: string | null;
    feedback: Feedback | null;
    service_record: ServiceRecord | null;
    related_calls: RelatedCall[];
    incidents: Incident[];
    timeline: Event[];
  }

  interface CallPage {
    items: Call[];
    next_cursor: string | null;
  }

  interface CauseFigures {
    opened: number;
    resolved: number;
    dismissed: number;
    in_time: number;
    in_time_share: number | null;
    median_hours_to_acknowledge: number | null;
    median_hours_to_resolve: number | null;
    cause: string;
  }

  interface CheckedNumber {
    number: string;
    suppressed: boolean;
    reason: string | null;
    source: Source | null;
    since: string | null;
    eligible: boolean;
    obstacle: Obstacle | null;
  }

  interface CheckedNumbers {
    items: CheckedNumber[];
  }

  interface CostFigures {
    calls: number;
    reached: number;
    responses: number;
    dollars: number;
    unpriced: number;
    per_call: number | null;
    per_reached: number | null;
    per_response: number | null;
  }

  interface ErasureAccepted {
    id: string;
  }

  interface ErasureReport {
    id: string;
    state: string;
    scope: string;
    dry_run: boolean;
    requested_by: string;
    requested_at: string;
    finished_at: string | null;
    rows: Record<string, number>;
    stores: ErasureStore[];
  }

  interface ErasureRequest {
    call_id?: number | null;
    vapi_call_id?: string | null;
    phone?: string | null;
    dry_run?: boolean;
  }

  interface ErasureStore {
    store: string;
    found: number | null;
    done: number | null;
    remains: string | null;
    until: string | null;
  }

  interface Error {
    error: ErrorDetail;
  }

  interface ErrorDetail {
    code: string;
    message: string;
    field?: string | null;
  }

  interface Event {
    event_id: string;
    kind: string;
    type: string;
    vapi_call_id: string | null;
    occurred_at: string | null;
    received_at: string;
    processed_at: string;
    delivery_ms: number | null;
    processing_ms: number;
    status: string | null;
    outcome: string;
    origin: string;
    repeats: number;
  }

  interface Feedback {
    content: string;
    positives: string | null;
    detractors: string | null;
    action_items: string | null;
    structured_data: Record<string, unknown> | null;
    created_at: string | null;
    updated_at: string | null;
  }

  interface FeedbackItem {
    call_id: number;
    start_time: string | null;
    end_time: string | null;
    duration_seconds: number | null;
    outcome: string | null;
    direction: string;
    demo: boolean;
    customer_name: string | null;
    phone: string;
    vehicle: string | null;
    service: string | null;
    campaign_id: number | null;
    campaign_name: string | null;
    advisor_id: number | null;
    advisor_name: string | null;
    nps_score: number | null;
    nps_category: string | null;
    reason: string | null;
    content: string;
    positives: string | null;
    detractors: string | null;
    action_items: string | null;
    updated_at: string | null;
  }

  interface FeedbackPage {
    items: FeedbackItem[];
    next_cursor: string | null;
  }

  interface FeedbackSummary {
    since: string;
    until: string;
    total: Tally;
    outcomes: Record<string, number>;
    scores: number[];
    periods: PeriodTally[];
    groups: GroupTally[];
    reasons: ReasonCount[];
  }

  interface FollowUp {
    id: number;
    call_id: number;
    state: string;
    trigger: string;
    assignee_id: number | null;
    assignee_name: string | null;
    cause: string | null;
    note: string | null;
    opened_at: string;
    due_at: string;
    acknowledged_at: string | null;
    resolved_at: string | null;
    overdue: boolean;
    version: number;
  }

  interface FollowUpChange {
    state?: State;
    assignee_id?: number | "me" | null;
    cause?: string | null;
    note?: string | null;
  }

  interface FollowUpConflict {
    error: ErrorDetail;
    follow_up: FollowUp;
  }

  interface FollowUpDetail {
    id: number;
    call_id: number;
    state: string;
    trigger: string;
    assignee_id: number | null;
    assignee_name: string | null;
    cause: string | null;
    note: string | null;
    opened_at: string;
    due_at: string;
    acknowledged_at: string | null;
    resolved_at: string | null;
    overdue: boolean;
    version: number;
    nps_score: number | null;
    customer_name: string | null;
    phone: string;
    vehicle: string | null;
    campaign_id: number | null;
    campaign_name: string | null;
    advisor_id: number | null;
    advisor_name: string | null;
    content: string | null;
    detractors: string | null;
    action_items: string | null;
    state_set_by: string | null;
    entries: FollowUpEntry[];
  }

  interface FollowUpEntry {
    id: number;
    at: string;
    actor_subject: string | null;
    actor_name: string | null;
    action: string;
    from_state: string | null;
    to_state: string;
    changes: Record<string, unknown> | null;
    note: string | null;
  }

  interface FollowUpFigures {
    opened: number;
    resolved: number;
    dismissed: number;
    in_time: number;
    in_time_share: number | null;
    median_hours_to_acknowledge: number | null;
    median_hours_to_resolve: number | null;
  }

  interface FollowUpOpening {
    note?: string | null;
  }

  interface FollowUpPage {
    items: ListedFollowUp[];
    next_cursor: string | null;
  }

  interface FollowUpPeriod {
    opened: number;
    resolved: number;
    dismissed: number;
    in_time: number;
    in_time_share: number | null;
    median_hours_to_acknowledge: number | null;
    median_hours_to_resolve: number | null;
    starts: string;
    ends: string;
  }

  interface FollowUpSummary {
    since: string;
    until: string;
    open: number;
    acknowledged: number;
    overdue: number;
    answered_in_time: AnsweredInTime;
    next_score: NextScore;
    total: FollowUpFigures;
    causes: CauseFigures[];
    assignees: AssigneeFigures[];
    periods: FollowUpPeriod[];
  }

  interface GroupTally {
    calls: number;
    tried: number;
    reached: number;
    reach_rate: number | null;
    responses: number;
    response_rate: number | null;
    promoters: number;
    passives: number;
    detractors: number;
    nps: number | null;
    nps_low: number | null;
    nps_high: number | null;
    average_duration_seconds: number | null;
    key: string | null;
    name: string | null;
  }

  interface Incident {
    kind: string;
    occurred_at: string;
  }

  interface ListedFollowUp {
    id: number;
    call_id: number;
    state: string;
    trigger: string;
    assignee_id: number | null;
    assignee_name: string | null;
    cause: string | null;
    note: string | null;
    opened_at: string;
    due_at: string;
    acknowledged_at: string | null;
    resolved_at: string | null;
    overdue: boolean;
    version: number;
    nps_score: number | null;
    customer_name: string | null;
    phone: string;
    vehicle: string | null;
    campaign_id: number | null;
    campaign_name: string | null;
    advisor_id: number | null;
    advisor_name: string | null;
    content: string | null;
    detractors: string | null;
    action_items: string | null;
    state_set_by: string | null;
  }

  interface Match {
    where: string;
    turn: number | null;
    text: string;
    marks: number[][];
  }

  interface Me {
    organization_id: string;
    organization_name: string | null;
    user_id: number | null;
    advisor_id: number | null;
    may_write: boolean;
  }

  interface NewSuppression {
    number: string;
    reason: string;
  }

  interface NextScore {
    of: number;
    count: number;
    improved: number;
    median_change: number | null;
  }

  interface NumbersToCheck {
    numbers: string[];
  }

  interface PeriodTally {
    calls: number;
    tried: number;
    reached: number;
    reach_rate: number | null;
    responses: number;
    response_rate: number | null;
    promoters: number;
    passives: number;
    detractors: number;
    nps: number | null;
    nps_low: number | null;
    nps_high: number | null;
    average_duration_seconds: number | null;
    starts: string;
    ends: string;
  }

  interface Ping {
    event_id: string;
    occurred_at: string | null;
    received_at: string;
    processed_at: string;
    delivery_ms: number | null;
    processing_ms: number;
    repeats: number;
  }

  interface Quality {
    turn_latency_median_ms: number | null;
    turn_latency_average_ms: number | null;
    model_latency_average_ms: number | null;
    voice_latency_average_ms: number | null;
    transcriber_latency_average_ms: number | null;
    endpointing_latency_average_ms: number | null;
    from_transport_latency_average_ms: number | null;
    to_transport_latency_average_ms: number | null;
    user_interruptions: number | null;
    assistant_interruptions: number | null;
    turn_latencies: TurnLatency[];
    cost_dollars_by_type: Record<string, number>;
    assistant_id: string | null;
    assistant_name: string | null;
    assistant_version: string | null;
    vapi_campaign_id: string | null;
    success_evaluation: string | null;
    recording_consent_type: string | null;
    recording_consent_granted_at: string | null;
    ended_message: string | null;
    answers_expected: number;
    lost_answers: string[];
    skipped_answers: SkippedAnswer[];
    transfers: Transfer[];
    scorecards: Scorecard[];
    activations: Activation[];
  }

  interface QualityFigures {
    since: string;
    until: string;
    costs: CostFigures;
    answers: AnswerFigures;
    measured: number;
    median_turn_latency_ms: number | null;
    versions: VersionFigures[];
  }

  interface ReasonCount {
    key: string;
    label: string;
    count: number;
  }

  interface Recording {
    url: string;
    expires_at: string | null;
  }

  interface RelatedCall {
    id: number;
    direction: string;
    status: string;
    outcome: string | null;
    nps_score: number | null;
    start_time: string | null;
    end_time: string | null;
    duration_seconds: number | null;
  }

  interface SavedView {
    name: string;
    address: string;
    created_at: string;
    updated_at: string;
  }

  interface SavedViewContent {
    address: string;
  }

  interface SavedViews {
    items: SavedView[];
  }

  interface Scorecard {
    name: string | null;
    score: number | null;
    percent: number | null;
  }

  interface ServiceRecord {
    id: number;
    customer_name: string;
    phone: string;
    vehicle: string | null;
    service: string | null;
    status: string;
    appointment: string | null;
    feedback: string | null;
    rating: number | null;
  }

  interface SkippedAnswer {
    name: string;
    condition: string | null;
    limit: number | null;
    reasons: string[];
  }

  interface SuppressedNumber {
    number: string;
  }

  interface SuppressionAnswer {
    number: string;
    added: boolean;
  }

  interface Tally {
    calls: number;
    tried: number;
    reached: number;
    reach_rate: number | null;
    responses: number;
    response_rate: number | null;
    promoters: number;
    passives: number;
    detractors: number;
    nps: number | null;
    nps_low: number | null;
    nps_high: number | null;
    average_duration_seconds: number | null;
  }

  interface Transcript {
    call_id: number;
    attempt: number | null;
    vapi_call_id: string | null;
    source: string | null;
    start_time: string | null;
    turns: Turn[];
  }

  interface Transfer {
    to: string | null;
    assistant_name: string | null;
    mode: string | null;
    status: string | null;
  }

  interface Turn {
    speaker: string;
    text: string;
    at: string;
    seconds: number | null;
  }

  interface TurnLatency {
    turn_ms: number | null;
    model_ms: number | null;
    voice_ms: number | null;
    transcriber_ms: number | null;
    endpointing_ms: number | null;
  }

  interface VersionFigures {
    starts: string;
    ends: string;
    assistant_id: string | null;
    assistant_name: string | null;
    assistant_version: string | null;
    measured: number;
    median_turn_latency_ms: number;
  }

  type Obstacle = "suppressed" | "in_call" | "asked_lately" | "answered";

  type Outcome = "reached" | "voicemail" | "busy" | "no_answer" | "transferred" | "cancelled" | "failed" | "unknown";

  type Source = "structured_output" | "operator" | "api";

  type State = "open" | "acknowledged" | "resolved" | "dismissed";

  type Trigger = "score" | "callback_requested" | "action_item" | "manual";

  /** Parameters that narrow the list of calls. */
  type CallFilter = "campaign" | "advisor" | "from" | "to" | "status" | "outcome" | "direction" | "demo" | "nps_category" | "reason" | "to_come" | "customer" | "q";

  /** What a call event tells of. */
  type CallEventType = "CallStatusChanged" | "TranscriptUpdated" | "CallCompleted" | "FeedbackRecorded" | "CallStalled" | "FollowUpOpened" | "FollowUpChanged" | "FollowUpOverdue";

  /** Path below /v1 -> what GET answers. */
  interface Answers {
    "calls": CallPage;
    "calls/count": CallCount;
    [path: `calls/${number}`]: CallDetail;
    [path: `calls/${number}/transcript`]: Transcript;
    [path: `calls/${number}/recording`]: Recording;
    "feedback": FeedbackPage;
    "feedback/summary": FeedbackSummary;
    "quality/summary": QualityFigures;
    "follow-ups": FollowUpPage;
    "follow-ups/summary": FollowUpSummary;
    [path: `follow-ups/${number}`]: FollowUpDetail;
    "me": Me;
    [path: `pings/${string}`]: Ping;
    [path: `erasures/${string}`]: ErasureReport;
    "views": SavedViews;
  }
}
