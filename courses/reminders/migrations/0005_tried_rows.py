from django.db import migrations, models


class Migration(migrations.Migration):
    """The few rows that were tried are found by an index of their own."""

    dependencies = [("reminders", "0004_held_rows")]

    operations = [
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(
                condition=models.Q(("attempts__gt", 0), ("state", "planned")),
                fields=["channel", "not_before"],
                name="reminders_reminder_tried",
            ),
        ),
    ]
