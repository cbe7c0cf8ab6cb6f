"""Every SQL statement of the notifier. What changes a mail's state publishes it too."""
