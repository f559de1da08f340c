-- Of a retired command key: the last entry of the audit log when it was retired. Heads of later entries do not count under it.
ALTER TABLE anchors ADD COLUMN audit_until INTEGER;
