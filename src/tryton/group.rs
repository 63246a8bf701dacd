//! The groups that count for a user's rights (`res.user.get_groups`, trytond/res/user.py; `res/group.py`).

/// The common table expression `member(id)`, to follow a `WITH`: the groups that the user is in, and all above them,
/// inactive ones included. `user` is an SQL expression.
pub(super) fn members(user: &str) -> String {
    format!(
        r#"RECURSIVE member(id) AS (
    SELECT ug."group" FROM "res_user-res_group" ug WHERE ug."user" = {user}
    UNION SELECT g.parent FROM member m JOIN res_group g ON g.id = m.id WHERE g.parent IS NOT NULL
)"#
    )
}
